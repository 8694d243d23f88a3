// A proxy on loopback that delays what passes, without limiting how much passes: `delay MILLISECONDS LISTEN TARGET …`.
//
// Every chunk reaches the other side the given time after it was read, in both directions, and the first one of a
// connection a round trip later, as the handshake of a distant server would cost. Bandwidth stays what the machine has.
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// Chunks on their way in one direction: enough that a window of bytes in flight never waits for the queue.
const inFlight = 1024

type chunk struct {
	due   time.Time
	bytes []byte
}

func main() {
	if len(os.Args) < 4 || len(os.Args)%2 != 0 {
		fmt.Fprintln(os.Stderr, "usage: delay MILLISECONDS LISTEN TARGET [LISTEN TARGET …]")
		os.Exit(64)
	}
	milliseconds, err := strconv.Atoi(os.Args[1])
	must(err)
	delay := time.Duration(milliseconds) * time.Millisecond
	for i := 2; i < len(os.Args); i += 2 {
		listener, err := net.Listen("tcp", os.Args[i])
		must(err)
		go accept(listener, os.Args[i+1], delay)
	}
	select {}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "delay:", err)
		os.Exit(1)
	}
}

func accept(listener net.Listener, target string, delay time.Duration) {
	for {
		client, err := listener.Accept()
		must(err)
		go func() {
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				return
			}
			// The handshake: nothing passes before one round trip.
			go pass(client, server, delay, 2*delay)
			go pass(server, client, delay, 0)
		}()
	}
}

// pass moves bytes from one side to the other, each chunk `delay` after it was read.
func pass(from, to net.Conn, delay, first time.Duration) {
	queue := make(chan chunk, inFlight)
	go func() {
		for next := range queue {
			time.Sleep(time.Until(next.due))
			if _, err := to.Write(next.bytes); err != nil {
				from.Close()
			}
		}
		if side, ok := to.(*net.TCPConn); ok {
			side.CloseWrite()
		}
	}()
	opened := time.Now()
	for {
		buffer := make([]byte, 64*1024)
		n, err := from.Read(buffer)
		if n > 0 {
			due := time.Now().Add(delay)
			if earliest := opened.Add(first + delay); due.Before(earliest) {
				due = earliest
			}
			queue <- chunk{due, buffer[:n]}
		}
		if err != nil {
			close(queue)
			return
		}
	}
}
