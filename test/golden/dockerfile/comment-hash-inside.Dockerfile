FROM busybox
RUN echo a # b
ENV a=#b
