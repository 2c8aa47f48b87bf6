FROM busybox
RUN <<EOF
set -e
echo $x
EOF
