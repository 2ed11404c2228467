"""Profiles: every person and every item of a log, described so that a person can read it."""

from swayline.dataset.profiles.build import SUMMARY_FILE, Log, Profiles, build_profiles, load_profiles, profiles
from swayline.dataset.profiles.rhythm import STAGES
from swayline.dataset.profiles.things import ITEM_STAGES

__all__ = ["ITEM_STAGES", "STAGES", "SUMMARY_FILE", "Log", "Profiles", "build_profiles", "load_profiles", "profiles"]
