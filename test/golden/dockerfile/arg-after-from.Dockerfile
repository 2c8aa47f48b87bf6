FROM busybox
ARG A
ARG B=1
ARG C="a b" D
