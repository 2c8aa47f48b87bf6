FROM busybox
ENV a=1 b="two words" c=three\ words d='$x' e=
