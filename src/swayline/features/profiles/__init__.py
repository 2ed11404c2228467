"""Profiles: every person and every item of a log, described so that a person can read it."""

from swayline.features.profiles.build import SUMMARY_FILE, Log, Profiles, build_profiles, load_profiles, profiles
from swayline.features.profiles.rhythm import STAGES
from swayline.features.profiles.things import ITEM_STAGES

__all__ = ["ITEM_STAGES", "STAGES", "SUMMARY_FILE", "Log", "Profiles", "build_profiles", "load_profiles", "profiles"]
