# syntax=docker/dockerfile:1
# MetaMCP with Node for `npx` servers and uv for `uvx` servers. Runs without root, on a read-only root file system;
# what it keeps lies in /data. Versions are pinned; renew them together.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# The image brings its own Node, so the one that npm carries is left behind.
RUN npm run build -- --program \
 && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM ghcr.io/astral-sh/uv:0.9.9 AS uv

FROM node:24.21.0-bookworm-slim
COPY --from=uv /uv /uvx /usr/local/bin/
COPY --from=build --chown=root:root /app/package.json /app/LICENSE /app/README.md /app/
COPY --from=build --chown=root:root /app/bin /app/bin
COPY --from=build --chown=root:root /app/lib /app/lib
COPY --from=build --chown=root:root /app/dist/program /app/dist/program
COPY --from=build --chown=root:root /app/dist/ui /app/dist/ui
COPY --from=build --chown=root:root /app/node_modules /app/node_modules
RUN groupadd --gid 10001 metamcp \
 && useradd --uid 10001 --gid metamcp --home-dir /data --no-create-home --shell /usr/sbin/nologin metamcp \
 && install -d -o metamcp -g metamcp -m 0700 /data
# Servers that `npx` and `uvx` fetch are kept with the data; /tmp may be a tmpfs.
ENV NODE_ENV=production \
    HOME=/data \
    METAMCP_DATA=/data \
    METAMCP_HOST=0.0.0.0 \
    METAMCP_PORT=12008 \
    LOG_LEVEL=info
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 12008
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s CMD ["node", "-e", "fetch('http://127.0.0.1:12008/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/metamcp.js"]
CMD ["serve"]
