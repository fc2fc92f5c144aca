"""What goes on beside a test. A thread that ended unseen would prove nothing, so none does."""

import threading
import traceback


class Background(threading.Thread):
    """Does one thing again and again until it is left; whatever it did not expect comes to light then."""

    pause = 0

    def __init__(self):
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.surprises = []

    def once(self):
        raise NotImplementedError

    def run(self):
        while not self.over.is_set():
            try:
                self.once()
            except Exception:
                self.surprise(f"{type(self).__name__}: {traceback.format_exc()}"[-2000:])
            self.over.wait(self.pause)

    def surprise(self, text):
        self.surprises.append(text)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        self.join()
        if kind is None:
            assert not self.surprises, "\n".join(self.surprises[:5])
