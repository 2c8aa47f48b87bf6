FROM busybox
CMD ["a", 1]
CMD [ "a" ] x
CMD ['a']
