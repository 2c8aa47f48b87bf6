FROM busybox
ONBUILD RUN a && b
ONBUILD COPY --from=x /a /b
ONBUILD ENV a=b
