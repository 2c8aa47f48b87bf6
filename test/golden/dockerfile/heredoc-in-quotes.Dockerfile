FROM busybox
RUN echo "<<EOF"
RUN echo 'a <<EOF'
RUN echo $((1<<2)) <<<here
