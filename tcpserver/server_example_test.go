package tcpserver_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"log"
	"net"
	"strings"
	"time"

	"github.com/ediport/ediport/tcpserver"
)

// A server for a line protocol: it answers each line in upper case, and ends the
// connection after "bye".
func ExampleServer() {
	srv := tcpserver.NewServer()
	srv.LocalHost = "127.0.0.1"           // LocalPort 0: any free one
	srv.DefaultSingleLineMode = true      // DataIn brings lines, however they end
	srv.DefaultTimeout = 10 * time.Second // a send may wait for so long
	gone := make(chan *tcpserver.DisconnectedEvent, 1)
	srv.OnConnected = func(e *tcpserver.ConnectedEvent) {
		e.Connection.SendLine("hello " + e.Connection.RemoteHost())
	}
	srv.OnDataIn = func(e *tcpserver.DataInEvent) {
		e.Connection.SendLine(strings.ToUpper(e.Text()))
		if e.Text() == "bye" {
			e.Connection.Disconnect()
		}
	}
	srv.OnDisconnected = func(e *tcpserver.DisconnectedEvent) { gone <- e }
	if err := srv.StartListening(); err != nil {
		log.Fatal(err)
	}
	defer srv.Shutdown()

	client, err := net.Dial("tcp", srv.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Fprint(client, "press 7 is out of oil\r\nbye\n")
	answers := bufio.NewScanner(client)
	for answers.Scan() {
		fmt.Println(answers.Text())
	}
	if err := answers.Err(); err != nil {
		log.Fatal(err)
	}
	fmt.Println((<-gone).Description)
	// Output:
	// hello 127.0.0.1
	// PRESS 7 IS OUT OF OIL
	// BYE
	// OK
}

// Messages that begin with their length: DataIn brings the header, and then the
// body that the header announces.
func ExampleConnection_ChangeRecordLength() {
	const headerLength, longest = 4, 1 << 20
	bodies := make(chan string)
	srv := tcpserver.NewServer()
	srv.LocalHost = "127.0.0.1"
	srv.OnConnected = func(e *tcpserver.ConnectedEvent) {
		e.Connection.ChangeRecordLength(headerLength)
	}
	srv.OnDataIn = func(e *tcpserver.DataInEvent) {
		c := e.Connection
		if inBody := c.UserData() != nil; inBody {
			bodies <- string(e.TextB)
			c.SetUserData(nil)
			c.ChangeRecordLength(headerLength)
			return
		}
		length := binary.BigEndian.Uint32(e.TextB)
		if length == 0 || length > longest { // hostile until checked
			c.Disconnect()
			return
		}
		c.SetUserData(length)
		c.ChangeRecordLength(int(length))
	}
	if err := srv.StartListening(); err != nil {
		log.Fatal(err)
	}
	defer srv.Shutdown()

	client, err := net.Dial("tcp", srv.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	out := bufio.NewWriter(client)
	for _, body := range []string{"call-off 4711", "two\nlines"} {
		out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(body))))
		out.WriteString(body)
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n%q\n", <-bodies, <-bodies)
	// Output:
	// "call-off 4711"
	// "two\nlines"
}
