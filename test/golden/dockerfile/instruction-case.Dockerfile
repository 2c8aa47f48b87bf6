from busybox
Run a
COPY a b
