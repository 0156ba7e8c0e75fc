# A worker and the other commands. Versions are pinned; to pin the bytes too, add the digest that
# your registry shows (`FROM python:3.13.14-slim-trixie@sha256:...`).

FROM python:3.13.14-trixie AS build
# The full image: it has a compiler, for Faust has no wheels for some machines (64-bit ARM).
ENV UV_PROJECT_ENVIRONMENT=/opt/ressenti \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /src
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project
COPY README.md LICENSE ./
COPY metrics metrics
COPY stream stream
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.13.14-slim-trixie
LABEL org.opencontainers.image.title="ressenti" \
      org.opencontainers.image.description="A streaming processor for customer-experience metrics" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/ressenti/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RESSENTI_WEB__PORT=6066
COPY --from=build /opt/ressenti /opt/ressenti
# Nothing is written: the root file system may be read-only.
USER 10001:10001
WORKDIR /tmp
EXPOSE 6066
STOPSIGNAL SIGTERM
# It knows only the variable, so that is set above: it wins over the `[web] port` of any file.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"RESSENTI_WEB__PORT\"]}/livez', timeout=4)"]
ENTRYPOINT ["ressenti"]
CMD ["run", "-c", "/etc/ressenti/ressenti.toml"]
