FROM busybox
COPY --form=x a b
COPY --checksum=x a b
COPY --zzz a b
