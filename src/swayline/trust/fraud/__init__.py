"""People and items that look manipulated, with reasons."""

from swayline.trust.fraud.detect import FINDINGS, Fraud, detect_fraud

__all__ = ["FINDINGS", "Fraud", "detect_fraud"]
