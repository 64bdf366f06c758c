// The stock Go client under remote control; the lines that it reads and prints are told in ../README.md.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"runtime/debug"
	"sync"
)

var (
	output  sync.Mutex
	clients sync.Map // name -> *client
	asked   sync.Map // number -> chan *string
)

// line is what the program prints: an answer, an event or a question.
type line map[string]any

func say(l line) {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	_, _ = os.Stdout.Write(append(text, '\n'))
}

func main() {
	say(line{"sdk": "centrifuge-go", "version": version(), "can": []string{"protobuf", "send", "delta", "filter"}})
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		text, err := input.ReadBytes('\n')
		if err != nil {
			return
		}
		var c command
		if err := json.Unmarshal(text, &c); err != nil {
			panic(err)
		}
		if c.Asked != 0 {
			answered, _ := asked.Load(c.Asked)
			answered.(chan *string) <- c.Token
			continue
		}
		// A call may wait for a token, which comes by another line.
		go func() {
			result, err := c.run()
			if err != nil {
				say(line{"answer": c.ID, "error": errorOf(err)})
				return
			}
			say(line{"answer": c.ID, "result": result})
		}()
	}
}

// version is the SDK's own, as the build knows it.
func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/centrifugal/centrifuge-go" {
			return module.Version[1:]
		}
	}
	return ""
}
