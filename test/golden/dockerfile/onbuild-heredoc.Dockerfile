FROM busybox
ONBUILD RUN <<EOF
echo hi
EOF
