"""A proxy that cuts connections off in the middle of an answer."""
import socket
import threading


class Cutter:
    """Passes bytes on to address; the first `times` connections that bring more than `after` bytes back are cut there."""

    def __init__(self, address, after, times):
        self.address, self.after, self.left = address, after, times
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.address)
            threading.Thread(target=self.back, args=(server, client), daemon=True).start()
            threading.Thread(target=self.forth, args=(client, server), daemon=True).start()

    def forth(self, client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def back(self, server, client):
        seen = 0
        try:
            while data := server.recv(65536):
                seen += len(data)
                if seen > self.after and self.may_cut():
                    break
                client.sendall(data)
        except OSError:
            pass
        for end in (client, server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def may_cut(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0
