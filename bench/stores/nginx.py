# SPDX-License-Identifier: Apache-2.0

"""nginx that serves one file: the lower bound of an answer over HTTP."""
import os

from processes import free_ports, listens

NEEDS = (("/usr/sbin/nginx", "nginx-light"),)
CONFIGURATION = """
worker_processes auto;
daemon off;
pid %(folder)s/nginx.pid;
error_log %(folder)s/nginx-error.log;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  client_body_temp_path %(folder)s/body;
  proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/fastcgi;
  uwsgi_temp_path %(folder)s/uwsgi;
  scgi_temp_path %(folder)s/scgi;
  open_file_cache max=10;
  server { listen 127.0.0.1:%(port)d; root %(folder)s/files; default_type application/json; }
}
"""


class Nginx:
    def __init__(self, processes, folder, content):
        self.port, files = free_ports(1), os.path.join(folder, "files")
        os.makedirs(files)
        os.chmod(folder, 0o755)  # its workers are another user's
        with open(os.path.join(files, "site"), "wb") as file:
            file.write(content)
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION % {"folder": folder, "port": self.port})
        processes.serve(["/usr/sbin/nginx", "-c", path], os.path.join(folder, "nginx.log"), lambda: listens(self.port))
