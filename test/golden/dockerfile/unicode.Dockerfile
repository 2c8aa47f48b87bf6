FROM busybox
LABEL 名="値 é" x=y
RNÜ x
