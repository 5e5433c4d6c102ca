# SPDX-License-Identifier: Apache-2.0

# cmake -DWEB=… -DSTAMP=… -DNPM=… -P install_npm.cmake: the packages that package-lock.json in WEB names, into node_modules there.
# All build trees share them: what is there already, by the lock file's content, is not fetched again.
cmake_policy(VERSION 3.25)
file(LOCK ${WEB}/.npm-lock GUARD PROCESS)
file(SHA256 ${WEB}/package-lock.json wanted)
set(note ${WEB}/node_modules/.titer-installed)
set(there "")
if(EXISTS ${note})
  file(READ ${note} there)
endif()
if(NOT there STREQUAL wanted)
  # No package needs its install script: what they bring is there without.
  execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
                  WORKING_DIRECTORY ${WEB} RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "npm ci failed in ${WEB}; `./dev deps` installs node and npm")
  endif()
  file(WRITE ${note} ${wanted})
endif()
file(TOUCH ${STAMP})
