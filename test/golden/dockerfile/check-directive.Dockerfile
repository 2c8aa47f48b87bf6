# check=skip=JSONArgsRecommended,StageNameCasing;error=true
FROM busybox
