# The service and the consumer in one image: `docker build -t openprospect .`
# The same image serves (`openprospect serve`) and syncs (`openprospect sync …`), so how a container is doing is asked by who runs it: compose.yaml.

FROM python:3.13-slim-trixie AS build
WORKDIR /source
# uv itself comes from the lock, checked against its hash; it then installs what the lock pins.
COPY requirements.lock ./
RUN awk '/^[a-z]/ { wanted = /^(uv|hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } wanted' requirements.lock > build.txt \
    && python -m venv /tools && /tools/bin/pip install --no-cache-dir --require-hashes --requirement build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python -m venv --without-pip /venv \
    && /tools/bin/hatchling build -t wheel -d /wheel \
    && /tools/bin/uv pip install --python /venv/bin/python --no-cache --compile-bytecode --constraints requirements.lock \
        "$(ls /wheel/*.whl)[server,postgresql,otel,redis]"

FROM python:3.13-slim-trixie
RUN useradd --system --uid 10001 --create-home --home-dir /data openprospect
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OPENPROSPECT_HOST=0.0.0.0 \
    OPENPROSPECT_DATA_DIR=/data/openprospect \
    OPENPROSPECT_LOG_FORMAT=json
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8400
ENTRYPOINT ["openprospect"]
CMD ["serve"]
