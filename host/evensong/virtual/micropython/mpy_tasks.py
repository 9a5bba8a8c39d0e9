# What MicroPython's asyncio wants of `_asyncio`: Task and TaskQueue. Equal times leave in the order in which they
# came; the heap in C need not do that, so firmware must not rely on it. `time` puts its clock here.

ticks_ms = ticks_diff = None


class TaskQueue:
    def __init__(self):
        self._tasks = []

    def peek(self):
        return self._tasks[0] if self._tasks else None

    def push(self, task, at=None):
        task.data = None
        task.ph_key = ticks_ms() if at is None else at
        i = len(self._tasks)
        while i and ticks_diff(self._tasks[i - 1].ph_key, task.ph_key) > 0:
            i -= 1
        self._tasks.insert(i, task)

    def pop(self):
        return self._tasks.pop(0)

    def remove(self, task):
        self._tasks.remove(task)


class Task:
    # state: True while it runs; a TaskQueue while it runs and others await it; None when it ended and nobody awaited it
    # yet; False when it ended and was awaited; or a function to call at its end
    def __init__(self, coro, core):
        self.coro = coro
        self.core = core
        self.state = True
        self.data = None
        self.ph_key = 0

    def done(self):
        return not self.state

    def cancel(self):
        if self.done():
            return False
        if self is self.core["cur_task"]:
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(task.data, Task):
            task = task.data
        runnable = self.core["_task_queue"]
        if task.data is not None and hasattr(task.data, "remove"):
            task.data.remove(task)
            runnable.push(task)
        elif ticks_diff(task.ph_key, ticks_ms()) > 0:
            runnable.remove(task)
            runnable.push(task)
        task.data = self.core["CancelledError"]
        return True

    def __iter__(self):
        if self.done():
            self.state = False
        elif self.state is True:
            self.state = TaskQueue()
        elif not isinstance(self.state, TaskQueue):
            raise RuntimeError("can't wait")
        return self

    def __next__(self):
        if self.done():
            raise self.data
        current = self.core["cur_task"]
        self.state.push(current)
        current.data = self
