"""Floor 9: figures and pages from a run folder's files alone."""

from swayline.report.person import write_person_page
from swayline.report.write import write_experiment_page, write_report

__all__ = ["write_experiment_page", "write_person_page", "write_report"]
