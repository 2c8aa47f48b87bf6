FROM busybox
COPY <<"EOF" <<'B' /a/
$a
EOF
$b
B
