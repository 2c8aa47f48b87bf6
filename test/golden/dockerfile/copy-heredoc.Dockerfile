FROM busybox
COPY <<EOF /a
hello $x
EOF
