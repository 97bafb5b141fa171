package measure

import (
	"runtime"
	"syscall"
	"time"
)

// takeThread gives the calling goroutine a thread of its own until it ends, and
// precedence over the threads that answers keep busy, so that messages leave
// when they are due. It takes root to be preferred; without it the times of
// sending show what that costs.
func takeThread() {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, -20)
}

// sleepUntil sleeps in the kernel: a timer of Go's runtime is up to a
// millisecond late when nothing else happens.
func sleepUntil(t time.Time) {
	for left := time.Until(t); left > 0; left = time.Until(t) {
		ts := syscall.NsecToTimespec(int64(left))
		// A signal ends it early; the loop goes on then.
		_ = syscall.Nanosleep(&ts, nil)
	}
}
