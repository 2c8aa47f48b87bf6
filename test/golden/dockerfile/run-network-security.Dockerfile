FROM busybox
RUN --network=none --security=insecure a
RUN --network=hots a
RUN --security=x a
