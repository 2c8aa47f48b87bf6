FROM busybox
COPY --chmod=755 --chown=app:app a /
COPY --chmod=u=rwX,go=rX a /b
