"""The routes, a file a subject; who may call which is :mod:`swayline.service.api.access`."""
