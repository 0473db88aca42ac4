"""The files of a take: the only code that touches them. Neither ComfyUI nor torch is needed here."""
