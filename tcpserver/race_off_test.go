//go:build !race

package tcpserver

const raceDetector = false
