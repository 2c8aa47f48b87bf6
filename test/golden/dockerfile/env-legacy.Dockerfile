FROM busybox
ENV a  b c "d"
LABEL x y z
