local run = require "spec.support.run"

---Makes a clone in a new directory. Its last commit has the current content of this folder, because a release is made
---from a commit.
-- Returns the path of the clone, or nil when this is no git checkout.
return function()
  if not io.popen("git rev-parse --git-dir 2>/dev/null"):read() then return nil end
  local directory = run "mktemp -d"
  run("git clone -q . " .. directory)
  run("git ls-files -z | xargs -0 ls -d 2>/dev/null | tar -c -T - | tar -x -C " .. directory)
  run("cd " .. directory .. " && git add -A && GIT_COMMITTER_DATE='2026-01-02 03:04:05 +0100' "
    .. "git -c user.name=spec -c user.email=spec commit -q --allow-empty -m spec")
  return directory
end
