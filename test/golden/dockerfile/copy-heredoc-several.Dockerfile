FROM busybox
COPY <<a.txt <<b.txt plain /dir/
A
a.txt
B
b.txt
