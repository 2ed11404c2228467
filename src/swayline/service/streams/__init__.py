"""Events that come by streams of others, into the service's log."""

from swayline.service.streams.redis_group import RedisGroup, Taken

__all__ = ["RedisGroup", "Taken"]
