package tcpserver_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"time"

	"github.com/ediport/ediport/tcpserver"
)

// echo is a push protocol that sends back what it gets.
type echo struct{}

func (echo) Open(c *tcpserver.Conn) error {
	c.LoggedIn() // there is no login: LoginTimeout shall not end the connection
	return nil
}

func (echo) Data(c *tcpserver.Conn, p []byte) (int, error) { return c.Write(p) }

func (echo) Writable(*tcpserver.Conn)              {}
func (echo) Tick(*tcpserver.Conn, time.Time)       {}
func (echo) Closed(*tcpserver.Conn, []byte, error) {}

func ExampleCore() {
	gone := make(chan bool)
	core := tcpserver.NewCore()
	if _, err := core.Config("DefaultIdleTimeout=60"); err != nil {
		log.Fatal(err)
	}
	err := core.StartListening(tcpserver.Options{
		LocalHost: "127.0.0.1",
		Push:      echo{},
		Hooks: tcpserver.Hooks{
			Connected: func(c *tcpserver.Conn, _ *tcpserver.Error) {
				fmt.Println("connected from", c.RemoteHost())
			},
			Disconnected: func(*tcpserver.Conn, *tcpserver.Error) {
				fmt.Println("disconnected")
				close(gone)
			},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer core.Shutdown()

	client, err := net.Dial("tcp", core.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(client, "hello")
	answer, err := bufio.NewReader(client).ReadString('\n')
	fmt.Print("answer: ", answer)
	if err != nil {
		log.Fatal(err)
	}
	client.Close()
	<-gone
	// Output:
	// connected from 127.0.0.1
	// answer: hello
	// disconnected
}

// shout is a stream protocol: it owns the goroutine of its connection.
type shout struct{}

func (shout) Serve(c *tcpserver.Conn) error {
	c.LoggedIn()
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		if _, err := io.WriteString(c, strings.ToUpper(lines.Text())+"!\n"); err != nil {
			return err
		}
	}
	return lines.Err()
}

func ExampleCore_stream() {
	core := tcpserver.NewCore()
	if err := core.StartListening(tcpserver.Options{LocalHost: "127.0.0.1", Stream: shout{}}); err != nil {
		log.Fatal(err)
	}
	defer core.Shutdown()

	client, err := net.Dial("tcp", core.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Fprintln(client, "the file has arrived")
	answer, err := bufio.NewReader(client).ReadString('\n')
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(answer)
	// Output:
	// THE FILE HAS ARRIVED!
}
