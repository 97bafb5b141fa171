//go:build race

package tcpserver

// raceDetector makes sync.Pool forget at random, which costs a buffer each time.
const raceDetector = true
