FROM busybox
COPY <<EOF /Dockerfile
FROM x
RUN y \
EOF
RUN z
