FROM busybox
ADD https://example.com/x?y=1 /x
ADD http://example.com/a/ /dir/
