# The product beside PostgreSQL's own tools, for `backup drill --dumps` alone (compose.drill.yaml); it serves nothing and takes no traffic.
#   docker build -t passerelle-drill:0.1.0 --build-arg PRODUCT=passerelle:0.1.0 - < image/drill.Dockerfile
ARG PRODUCT=passerelle:0.1.0
ARG POSTGRES=postgres:17-trixie
FROM ${PRODUCT} AS product

FROM ${POSTGRES}
COPY --from=product /usr/local/bin/node /usr/local/bin/node
# Node is linked to it, and PostgreSQL's image need not have it.
COPY --from=product /lib/*/libatomic.so.1 /usr/local/lib/
RUN ldconfig
COPY --from=product /app /app
WORKDIR /app
ENV NODE_ENV=production \
    PASSERELLE_CONFIG_DIR=/etc/passerelle \
    PATH=/usr/local/bin:/usr/bin:/bin:/usr/lib/postgresql/17/bin
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/node", "--disable-sigusr1", "/app/bin/passerelle/main.js"]
CMD ["backup", "status"]
