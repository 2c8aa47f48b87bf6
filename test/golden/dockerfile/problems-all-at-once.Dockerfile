# escape=x
RUN early
FROM a b
FROM busybox AS x
CPOY a b
ENV
COPY a
