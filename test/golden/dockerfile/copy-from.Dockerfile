FROM busybox AS build
FROM scratch
COPY --from=build /a /b
COPY --from=0 /c /d
COPY --from=nginx:1 /e /f
