FROM busybox
LABEL a.b="c d" e=f
LABEL "quoted name"=x
