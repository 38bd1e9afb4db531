# syntax=docker/dockerfile:1
# Linted (hadolint) and its commands run by hand; not yet built with a container engine.

FROM rust:1-slim-bookworm AS build
# Versions are pinned by the Debian release.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev libpq-dev make pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# Builds the dependencies in a layer of their own, so that a source change does not rebuild them.
COPY Cargo.toml Cargo.lock ./
COPY macros macros
RUN mkdir -p src tests/api \
 && echo 'fn main() {}' >src/main.rs \
 && touch src/lib.rs tests/api/main.rs \
 && cargo build --release --locked \
 && rm -r src tests
COPY build.rs ./
COPY data data
COPY migrations migrations
COPY schema schema
COPY src src
# The tests are not copied; Cargo requires the file of the test target.
RUN mkdir -p tests/api && touch tests/api/main.rs src/main.rs src/lib.rs \
 && cargo build --release --locked --bin ketnghia

FROM debian:bookworm-slim
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ketnghia" \
      org.opencontainers.image.description="The service behind Vietnam's twinning programmes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# A fixed uid, so that mounted keys can be owned by it.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libpq5 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin ketnghia \
 && install -d -o ketnghia -m 0700 /keys
COPY --from=build /build/target/release/ketnghia /usr/local/bin/ketnghia
USER 10001:10001
ENV BIND_ADDRESS=0.0.0.0:8080
EXPOSE 8080
# The service writes no files: the root file system may be read-only.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["ketnghia", "health"]
ENTRYPOINT ["ketnghia"]
CMD ["serve"]
