"""The routes of the pages; who may call which is :mod:`swayline.service.api.access`."""
