//go:build unix && !linux

package park

// fionread is _IOR('f', 127, int), which golang.org/x/sys does not name.
const fionread = 0x4004667f
