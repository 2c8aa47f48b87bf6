FROM busybox
RUN --device=vendor.com/gpu=0,required a
