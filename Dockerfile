# The service in a container: swayline serve over a run that is mounted at /run-folder.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
RUN python -m venv /opt/swayline \
 && /opt/swayline/bin/pip install --no-cache-dir --constraint constraints.txt '.[models,serve,sources]'

FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --create-home swayline && install -d -o swayline /data /run-folder
COPY --from=build /opt/swayline /opt/swayline
USER swayline
ENV PATH=/opt/swayline/bin:$PATH OMP_NUM_THREADS=2 PYTHONUNBUFFERED=1
VOLUME ["/data"]
EXPOSE 8080
# A key must exist before the service listens beyond the container: swayline live key /data --role admin
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health/ready', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["swayline", "serve"]
CMD ["/run-folder", "--data", "/data", "--host", "0.0.0.0", "--port", "8080"]
