# The appliance: Node, the product bundled into a few readable files, and the packages that cannot be bundled. Nothing else is in the last
# stage: no shell, no package manager, no system tools. Why bundled, and why from nothing and not from the slim image: compose/README.md.
#
# A release pins the base by digest: --build-arg NODE_IMAGE=node:26.10.0-trixie-slim@sha256:…  (docker buildx imagetools inspect shows it)
ARG NODE_IMAGE=node:26.10.0-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json compose/image/pick-bundler.ts ./
RUN node pick-bundler.ts && npm install --ignore-scripts --no-audit --no-fund --loglevel=error
WORKDIR /app
COPY package.json package-lock.json ./
# No install script of any package runs, and what is optional is what such scripts would compile.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error
COPY compose/image /build
COPY LICENSE ./
COPY migrations ./migrations
COPY config ./config
COPY src ./src
RUN node /build/assemble.ts /app /rootfs

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG NODE_IMAGE=node:26.10.0-trixie-slim
ARG BASE_DIGEST=unknown
LABEL org.opencontainers.image.title="Passerelle" \
      org.opencontainers.image.description="Self-hosted gateway with which pharmacies send rapid-test results to the national screening file" \
      org.opencontainers.image.vendor="Passerelle" \
      org.opencontainers.image.licenses="EUPL-1.2" \
      org.opencontainers.image.documentation="compose/README.md of the source of this revision" \
      org.opencontainers.image.source="the repository that this revision belongs to" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${NODE_IMAGE}" \
      org.opencontainers.image.base.digest="${BASE_DIGEST}"
COPY --from=build /rootfs /
# A named volume takes the owner of the folder that it covers.
COPY --from=build --chown=10001:10001 /empty /var/lib/passerelle/anchors
WORKDIR /app
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/.compile-cache \
    PASSERELLE_CONFIG_DIR=/etc/passerelle
USER 10001:10001
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 CMD ["/usr/local/bin/node", "/app/bin/passerelle/healthcheck.js"]
ENTRYPOINT ["/usr/local/bin/node", "--disable-sigusr1", "--max-semi-space-size=16", "--max-old-space-size=160", "--heap-growing-percent=150", "/app/bin/passerelle/main.js"]
CMD ["serve"]
